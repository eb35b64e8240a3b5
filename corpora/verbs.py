"""The verbs of the command line, in the order of the job, and where each lives."""

from __future__ import annotations

# Names only: nothing is imported until a verb runs.
VERBS = {
    "run": "corpora.commands:run",
    "filter": "curation.commands:filter_documents",
    "explain": "curation.commands:explain",
    "stats": "curation.commands:stats",
    "calibrate": "curation.commands:calibrate",
    "count": "trainer.commands:count",
    "train": "trainer.commands:train",
    "frequencies": "trainer.source_commands:frequencies",
    "sources": "trainer.source_commands:sources",
    "ban": "banlists.commands:ban",
    "diff": "audit.diff_command:diff",
    "audit": "audit.commands:audit",
    "show": "audit.facts.show_command:show",
    "norms": "audit.norms.commands:norms",
    "probe": "audit.probe.commands:probe",
    "scan": "audit.leaks.scan_command:scan",
    "review": "audit.review.review_command:review",
    "plan": "corpora.plan_command:plan",
    "verify": "corpora.verify_command:verify",
}
