"""How much a client gets at once."""

SHORT_PAGE = 50
PAGE_SIZE = SHORT_PAGE
