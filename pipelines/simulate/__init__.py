"""A made-up county and the files its departments would send: `python -m pipelines.simulate data_samples`.

Nothing here is read by the pipeline, and nothing here reads the pipeline: headings, units and expected outcomes are
stated a second time, from the sending side, so that the samples prove something. Same seed, same bytes.
"""
