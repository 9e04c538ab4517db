"""Container apps and jobs as processes of this machine.

A *keeper* (:mod:`.keeper`) belongs to an app, or to one execution of a job: it outlives the command that started it, holds
the app's loopback port and answers on a socket in the store. It starts one *pod* (:mod:`.pod`) for each replica, in
namespaces of its own (:mod:`.isolation`); the pod sees this machine's files read-only with the share mounted where the
template says (:mod:`.root`), runs the containers' commands, restarts them and asks their probes. :mod:`.runtime` is the
control plane's side.

Keeper and pod start with every restart, so that everything they import is small and from the standard library.
"""
