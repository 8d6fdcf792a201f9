"""In the child: mistakes of chapter 02."""
