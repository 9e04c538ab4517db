"""A workspace and its file share: synchronising there, downloading back.

``model`` has the values, ``scan`` reads the workspace, ``remote`` is the share, ``plan`` decides, ``run`` and ``upload`` carry
it out, ``manifest`` is the record beside the data and ``lock`` keeps two runs apart. docs/sync.md says how it behaves.
"""
