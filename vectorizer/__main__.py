"""`python -m vectorizer` is the command line."""

from vectorizer.cli import main

if __name__ == "__main__":
    main(prog_name="vectorizer")
