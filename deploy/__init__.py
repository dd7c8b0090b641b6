"""Everything wired together: settings, processes, the `vitrine` command, the sample catalogue, how to deploy."""
