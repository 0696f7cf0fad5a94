"""Print the two commands of a README's "Quick start", one a line."""

import re
import sys
from pathlib import Path

text = Path(sys.argv[1]).read_text(encoding="utf8")
blocks = re.findall(r"```sh\n(.*?)```", text[text.index("## Quick start") :], re.DOTALL)[:2]
for block in blocks:
    (command,) = block.strip().splitlines()
    print(command)
