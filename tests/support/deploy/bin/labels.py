"""The labels that ALTER SCHEMA sets, as JSON."""

import json
import re
import sys

print(json.dumps(dict(re.findall(r'\("(\w+)", "([^"]*)"\)', sys.stdin.read()))))
