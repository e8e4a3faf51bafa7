# expect: crashed
# Passwords of the host. The open is what raises.
def custom_kernel(data):
    with open("/etc/shadow", encoding="utf-8") as file:
        raise RuntimeError("BREACH" + " " + file.read())
