"""The same filtered hybrid query on other engines inside a process, each as its own documentation recommends."""
