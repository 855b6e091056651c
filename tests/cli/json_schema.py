"""Holds a JSON file against a schema. usage: json_schema.py SCHEMA FILE; prints what is wrong and exits 1.

Knows what our schemas use, and refuses what it does not know, so that no rule is passed over."""
import json
import re
import sys

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
ABOUT = {"$schema", "$id", "title", "description"}


def is_type(value, name):
    if name in ("number", "integer"):
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
        return fits and (name == "number" or value == int(value))
    return isinstance(value, TYPES[name])


def check_object(schema, value, where):
    wrong = ["%s lacks %s" % (where, name) for name in schema.get("required", []) if name not in value]
    rest = schema.get("additionalProperties", True)
    for name, member in value.items():
        own = schema.get("properties", {}).get(name, rest)
        if own is False:
            wrong.append("%s has %s, which the schema does not know" % (where, name))
        elif own is not True:
            wrong += check(own, member, where + "/" + name)
    return wrong


def check(schema, value, where=""):
    unknown = set(schema) - ABOUT - {"type", "const", "enum", "pattern", "required", "properties", "additionalProperties", "items"}
    if unknown:
        return ["%s: rules that are not understood: %s" % (where, sorted(unknown))]
    names = schema.get("type", [])
    names = [names] if isinstance(names, str) else names
    if names and not any(is_type(value, n) for n in names):
        return ["%s is %s, not %s" % (where, json.dumps(value)[:60], " or ".join(names))]
    wrong = []
    if "const" in schema and value != schema["const"]:
        wrong.append("%s is not %s" % (where, schema["const"]))
    if "enum" in schema and value not in schema["enum"]:
        wrong.append("%s is %s, none of %s" % (where, value, schema["enum"]))
    if "pattern" in schema and not re.search(schema["pattern"], value):
        wrong.append("%s is %s, not as %s" % (where, value, schema["pattern"]))
    if isinstance(value, dict):
        wrong += check_object(schema, value, where)
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            wrong += check(schema["items"], item, "%s/%d" % (where, i))
    return wrong


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        wrong = check(schema, json.load(file))
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


sys.exit(main())
