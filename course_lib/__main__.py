"""``python -m course_lib …``: the course's command line."""

from course_lib.command_line import main

if __name__ == "__main__":
    main()
