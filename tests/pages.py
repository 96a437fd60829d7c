"""Read HTML pages as a strict reader would."""

from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """Tags, attributes, tables and texts of a page; raises if tags do not match."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags = []  # (name, attributes)
        self.tables = {}  # caption: tables, each a list of rows of texts
        self.headings = []  # (level, text)
        self.texts = []  # outside scripts and styles
        self.raw = {"script": [], "style": []}
        self._open = []
        self._heading = self._caption = self._cell = None
        self.feed(text)
        self.close()
        assert self._open == [], f"never closed: {self._open}"

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"twice in one tag: {names}"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self._heading = []
        elif tag == "table":
            self._rows = []
        elif tag == "caption":
            self._caption = []
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("th", "td"):
            self._cell = []

    def handle_endtag(self, tag):
        assert self._open and self._open[-1] == tag, f"</{tag}> closes {self._open}"
        self._open.pop()
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self.headings.append((int(tag[1]), "".join(self._heading).strip()))
            self._heading = None
        elif tag == "caption":
            self._name = " ".join("".join(self._caption).split())
            self._caption = None
        elif tag in ("th", "td"):
            self._rows[-1].append(" ".join("".join(self._cell).split()))
            self._cell = None
        elif tag == "table":
            self.tables.setdefault(self._name, []).append(self._rows)

    def handle_data(self, data):
        if self._open and self._open[-1] in self.raw:
            self.raw[self._open[-1]].append(data)
            return
        self.texts.append(data)
        for part in (self._heading, self._caption, self._cell):
            if part is not None:
                part.append(data)

    @property
    def text(self):
        return " ".join("".join(self.texts).split())

    def attributes(self, name):
        """Values of an attribute, wherever it stands."""
        return [attrs[name] for _, attrs in self.tags if name in attrs]
