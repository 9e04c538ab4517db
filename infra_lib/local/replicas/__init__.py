"""Container apps and jobs that run on this machine.

A *keeper* (:mod:`.keeper`) belongs to an app, or to one execution of a job: it outlives the command that started it, holds
the app's loopback port and answers on a socket in the store. It starts one *pod* for each replica (:mod:`.pod`): it runs the
containers in their order, restarts them and asks their probes (:mod:`.container`). There are two kinds of them:

- :mod:`.namespace_pod` runs the commands as processes, in namespaces of its own (:mod:`.isolation`), which see this machine's
  files read-only with the share mounted where the template says (:mod:`.root`);
- :mod:`.engine_pod` runs the images with Docker or Podman (:mod:`.engine`).

:mod:`.runtime` is the control plane's side, :mod:`.spec` makes what it tells a keeper to run.

Keeper and pod start with every restart, so that everything they import is small and from the standard library.
"""
