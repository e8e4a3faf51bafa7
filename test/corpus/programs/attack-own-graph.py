# expect: contract or crashed
# A graph of its own launches what nobody sees.
import torch

graphs = {}


def custom_kernel(data):
    a, b, out = data
    if a.shape not in graphs:
        torch.add(a, b, out=out)
        torch.cuda.synchronize()
        graphs[a.shape] = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graphs[a.shape]):
            torch.add(a, b, out=out)
    graphs[a.shape].replay()
    return out
