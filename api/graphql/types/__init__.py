"""The output types of the schema: names and descriptions for the graph's own values.

No value is copied: resolvers give out the graph's dataclasses, whose attributes are the fields.
"""
