"""The world as nodes, relationships and time: model, store, hot view and the answers."""
