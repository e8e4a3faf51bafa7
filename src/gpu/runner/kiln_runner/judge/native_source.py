"""Sources under native/, read the same way from a folder and from the zipapp."""
import pkgutil

PACKAGE = "kiln_runner.judge"


def read(*names: str) -> str:
    """The named files of native/, one after another, each with its own line numbers."""
    parts: list[str] = []
    for name in names:
        data = pkgutil.get_data(PACKAGE, f"native/{name}")
        if data is None:
            raise FileNotFoundError(f"native/{name} is not in the runner's package")
        parts.append(f'#line 1 "{name}"\n{data.decode()}')
    return "\n".join(parts)


def read_script(name: str) -> str:
    data = pkgutil.get_data(PACKAGE, name)
    if data is None:
        raise FileNotFoundError(f"{name} is not in the runner's package")
    return data.decode()
