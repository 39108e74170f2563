"""Made-up worlds and the files their departments would send.

A sample county (`python -m pipelines.simulate data_samples`) and whole provinces of counties (`shoudai simulate`, see
`province.py`), made by the same writers.

Nothing here is read by the pipeline, and nothing here reads the pipeline: headings, units and expected outcomes are
stated a second time, from the sending side, so that the samples prove something. Same seed, same bytes.
"""
