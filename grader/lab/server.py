"""Server and child: the server."""

from grader.lab.child import main

if __name__ == "__main__":
    main()
