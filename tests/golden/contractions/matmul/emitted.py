def matmul(A, B):
    assert A.shape[2] == B.shape[1]
    C = A @ B
    return C
