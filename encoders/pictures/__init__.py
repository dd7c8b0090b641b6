"""Pictures on their way to an encoder: fetched from where they lie, decoded into RGB arrays."""
