"""Where text comes from, and the few things that every room stands on."""
