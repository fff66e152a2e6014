"""The contract as one AsyncAPI document, `schemas/asyncapi.yaml`: topics, headers, values, examples, readers.

`document` puts it together, `components` describes the messages and their schemas, `yaml_text` writes it. All are pure.
"""
