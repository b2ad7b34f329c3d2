"""Where events come from (event service, store, files, simulation), and how complete they are."""
