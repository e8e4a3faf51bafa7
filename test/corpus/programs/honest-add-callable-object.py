# expect: passed
# An object that can be called, and counts calls without use of it.
class Adder:
    def __init__(self):
        self.calls = 0

    def __call__(self, data):
        a, b, _ = data
        self.calls += 1
        return a + b


custom_kernel = Adder()
