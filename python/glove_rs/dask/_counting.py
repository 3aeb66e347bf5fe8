def count(*a, **k): raise NotImplementedError
