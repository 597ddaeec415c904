"""Everything of the course that enters the sandbox beside a learner's code. Nothing secret is here.

The modules import the standard library, numpy, torch and ``course_lib.exercises.calling`` only.
"""
