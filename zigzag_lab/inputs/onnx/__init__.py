"""ONNX models as workloads: ``model`` reads one, ``operators`` holds what each operator becomes."""
