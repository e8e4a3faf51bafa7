"""Frames of work on hosts: what opens a connection, and what follows. The same as `src/domain/hosts/work-frames.ts`."""
from kiln_runner.schema import (
    array,
    boolean,
    content_hash,
    device_id,
    integer,
    mapping,
    matching,
    nullable,
    number,
    one_of,
    record,
    string,
    union,
)

# Content of a file travels, and is compared, in pieces of this many bytes.
CHUNK_BYTES = 1 << 20
ITEMS_MAX = 10_000
SIGNALS = ("INT", "TERM", "KILL", "HUP", "QUIT", "USR1", "USR2")

job_id = matching(r"j-[0-9a-f]{12}", '"j-" and 12 hex digits')
variable = matching(r"[A-Za-z_]\w*=[^\0]*", "NAME=VALUE")
word = matching(r"[^\0]+", "text without NUL bytes, not empty")
argument = matching(r"[^\0]*", "text without NUL bytes")
mode = integer(0)
size = integer(0)

command = {"argv": array(argument, 1, 4096), "cwd": nullable(word), "env": array(variable, 0, 1024), "timeoutMs": nullable(number(above=0))}
file_item = record({"path": word, "mode": mode, "mtimeUs": integer(), "size": size, "hash": content_hash})

opening = union("type", {
    "exec": record({**command, "stdin": boolean, "devices": array(device_id, 0, 64)}),
    "run": record({**command, "by": string, "name": nullable(string)}),
    "jobs": record({}),
    "logs": record({"id": job_id, "follow": boolean, "tail": nullable(integer(0))}),
    "wait": record({"id": job_id}),
    "stop": record({"id": job_id}),
    "list": record({"root": word}),
    "state": record({"root": word}),
    "read": record({"root": word}),
    "write": record({"root": word}),
})
during_exec = union("type", {"stdin": record({}), "stdin_end": record({}), "signal": record({"name": one_of(*SIGNALS)})})
wanted = union("type", {
    "items": record({"items": array(record({"path": word}, {"size": size, "chunks": nullable(array(integer(0)))}), 0, ITEMS_MAX)}),
    "end": record({}),
})
written = union("type", {
    "folders": record({"items": array(record({"path": word, "mode": mode}), 0, ITEMS_MAX)}),
    "links": record({"items": array(record({"path": word, "target": word}), 0, ITEMS_MAX)}),
    "files": record({"items": array(file_item, 0, ITEMS_MAX)}),
    "chunk": record({"path": word, "size": size, "index": integer(0), "hash": content_hash}),
    "keep": record({"path": word, "size": size, "chunks": mapping(content_hash)}),
    "finish": record({"path": word, "mode": mode, "mtimeUs": integer(), "size": size, "hash": content_hash}),
    "modes": record({"items": array(record({"path": word, "mode": mode}), 0, ITEMS_MAX)}),
    "delete": record({"paths": array(word, 0, ITEMS_MAX)}),
    "end": record({}),
})
