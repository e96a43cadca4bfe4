"""The plain HTTP routes beside GraphQL, a module and a `router` for each resource.

An application that includes them sets on its state what `api.rest.state.RestState` lists, calls
`api.errors.install`, and has `api.auth.LocalGuard` as middleware.
"""
