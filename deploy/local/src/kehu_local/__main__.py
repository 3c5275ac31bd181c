"""`python -m kehu_local` is the command `kehu`."""

from kehu_local.cli import main

if __name__ == "__main__":
    main()
