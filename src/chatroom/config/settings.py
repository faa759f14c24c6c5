"""Every setting there is: its name, type, range, default and one line of documentation, in one row each.

Only the table. `docs/configuration.md` and the sample files in `config/` are written from these rows
(`python -m chatroom.config.document`), and files are checked against them (`load.py`). A range is part of a row's
type; a rule between two settings is in `load.py`. Whoever honours a setting takes it from here and from nowhere
else. Read next: `load.py`.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from msgspec import Meta, Struct

type_ = Literal  # placeholder
