"""The pages: each turns a request into one read or one action, and a refusal into a sentence on the form."""
