"""Documents in; kept documents and one decision for each out."""

WORKER_START = ("curation.worker_start",)  # what the processes that judge import, once for all
