"""The page of a run, the page of the shelf and the pictures of the README, drawn from what lies there; nothing is
scored here.

What a family may say about its pages
-------------------------------------
A page is made of named panels. Every family has those that can be drawn from `summary.json`, `history.csv`,
`recipe.json` and `run.json` alone: the verdict, what is forecast, the table of all methods, the forest of gains, the
learning curve, the data beneath, the recipe, how to run it again; and, where `forecasts.parquet` holds `observed` and
`probability` (and `target_date`), those of a probability forecast too: through time, cumulative information gain,
reliability, ROC, Molchan, alarms. A family changes them by up to two functions in its module `family`, both optional:

**panels(common, kit) -> dict.** `common` is the dictionary of all common panels, name -> (title, draw), in the order of
the page; the answer is one of the same kind, with panels added, replaced, reordered or left out. `draw` takes the
`mleq.report.record.RunRecord` and gives `kit.Html`, or None where there is nothing to show: that panel is then left out
with its link. `kit` is the module `mleq.report.kit`: `tag`, `paragraph`, `facts`, `table` make elements and escape all
text that is no Html; `figure(name, draw, height=, alternative=, caption=)` makes a plot with matplotlib, where
`alternative` says in words what it shows and `caption` how to read it, both with units::

    def panels(common, kit):
        def predicted(run):
            test = run.test
            if "time_to_failure_s" not in test:
                return None
            return kit.figure(
                "predicted",
                lambda plot, wide: plot.subplots().plot(test["observed"], test["time_to_failure_s"], "."),
                height=3.0,
                alternative=f"Time to failure as it was and as predicted, in seconds, {len(test)} windows.",
                caption="On the diagonal a prediction is right. Both in seconds.",
            )
        return {"verdict": common["verdict"], "predicted": ("Predicted against true", predicted), **common}

**keep_for_page(recipe, material, samples, folder) -> None.** Writes into `folder`, the run's plots/, what its panels
need beside the files that every run has (panels find it again in `run.plots`). It is called once, while the run is
built; small files, no pictures.

Names of methods, scores and gains are shown with the titles of `mleq.report.wording`, or as they are written.
"""
