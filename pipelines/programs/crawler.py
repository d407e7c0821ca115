"""Reads pages, and finds more of them in what it reads, as crawler.ts does."""

import os
import re
from urllib.parse import urljoin, urlsplit
from urllib.request import urlopen

from forkline import queue


def crawl(folder: str) -> None:
    pages = queue("pages")
    read = queue("read")
    count = 0
    for address in pages:
        with urlopen(address) as response:
            html = response.read().decode()
        links = re.findall(r'href="/(\d+)"', html)
        for link in links:
            if is_new(folder, link):
                pages.put(urljoin(address, f"/{link}"))
        read.put({"page": urlsplit(address).path[1:], "links": links})
        count += 1
    print(f"read {count} pages")


def is_new(folder: str, page: str) -> bool:
    try:
        os.close(os.open(f"{folder}/found/{page}", os.O_CREAT | os.O_EXCL))
        return True
    except FileExistsError:
        return False
