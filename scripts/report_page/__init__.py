"""The page that `conv-bench report` writes."""
