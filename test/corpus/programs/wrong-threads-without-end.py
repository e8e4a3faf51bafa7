# expect: crashed or contract or timed_out
# Threads count as processes.
import threading


def custom_kernel(data):
    while True:
        threading.Thread(target=threading.Event().wait).start()
