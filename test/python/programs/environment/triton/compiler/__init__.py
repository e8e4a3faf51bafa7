from triton.compiler.compiler import ASTSource, compile

__all__ = ["ASTSource", "compile"]
