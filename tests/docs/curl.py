"""The options of curl that the tutorial uses, for machines whose curl is missing or too old."""

import argparse
import sys
from pathlib import Path

import httpx


def options(arguments):
    parser = argparse.ArgumentParser(prog="curl")
    parser.add_argument("url")
    parser.add_argument("-s", action="store_true")
    parser.add_argument("-N", action="store_true")
    parser.add_argument("-X", dest="method")
    parser.add_argument("-T", dest="upload")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-o", dest="output")
    parser.add_argument("-w", dest="write", default="")
    parser.add_argument("--json")
    parser.add_argument("--data-binary", dest="data")
    parser.add_argument("--url-query", dest="query", action="append", default=[])
    return parser.parse_args(arguments)


def content(chosen):
    """The body: a file, standard input for ``@-``, or the text itself."""
    if chosen.upload is not None:
        return Path(chosen.upload).read_bytes()
    text = chosen.json if chosen.json is not None else chosen.data
    return sys.stdin.buffer.read() if text == "@-" else text and text.encode()


def query(parts):
    """Pairs of ``name=value``, or ``name@file``."""
    for part in parts:
        name, at, path = part.partition("@")
        if at and "=" not in name:
            yield name, Path(path).read_text()
        else:
            yield tuple(part.split("=", 1))


def main(arguments):
    chosen = options(arguments)
    headers = dict(line.split(": ", 1) for line in chosen.headers)
    if chosen.json is not None:
        headers["Content-Type"] = "application/json"
    body = content(chosen)
    method = chosen.method or ("GET" if body is None else "POST")
    url = httpx.URL(chosen.url)
    url = url.copy_with(params=url.params.merge(dict(query(chosen.query))))
    size = 0
    with httpx.stream(method, url, content=body, headers=headers, timeout=60) as answer:
        for chunk in answer.iter_raw():
            size += len(chunk)
            if chosen.output is None:
                sys.stdout.buffer.write(chunk)
                sys.stdout.buffer.flush()
    written = chosen.write.replace("%{http_code}", str(answer.status_code))
    sys.stdout.write(written.replace("%{size_download}", str(size)).replace("\\n", "\n"))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except BrokenPipeError:
        sys.stderr.close()
