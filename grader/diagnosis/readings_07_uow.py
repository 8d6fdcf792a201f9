"""In the child: mistakes of chapter 07."""
