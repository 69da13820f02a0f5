def matmul(A, B):
    assert A.shape[2] == B.shape[1] and A.shape[1] >= 1 and B.shape[2] >= 1
    C = A @ B
    return C
