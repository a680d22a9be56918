"""Fine-tuning, evaluation and export: the only room for torch and its family."""
