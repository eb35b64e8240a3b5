"""The embedding-norm audit: what the rows of a checkpoint's embeddings say about how tokens were trained."""
