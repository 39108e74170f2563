"""Pages that people read: self-contained HTML, without a script and without a net."""
