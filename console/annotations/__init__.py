"""Annotations: what people write beside the numbers of a day or moment, on charts and on a page of their own."""
