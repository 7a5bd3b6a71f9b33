"""The application as gunicorn serves it, with an empty view beside the others to measure against."""
