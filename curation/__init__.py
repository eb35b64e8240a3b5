"""Documents in; kept documents and one decision for each out."""
