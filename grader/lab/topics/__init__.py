"""In the child: what the checks of single chapters ask for; imported only where a check asks for it."""
