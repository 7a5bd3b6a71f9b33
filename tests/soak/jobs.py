"""What the soak asks of the workers: to write a number down, once it has taken a moment."""

import os
import time

from celery import shared_task


@shared_task
def write_down(path: str, number: int, seconds: float) -> None:
    time.sleep(seconds)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, f"{number}\n".encode())  # whole, however many write
    os.close(file)
