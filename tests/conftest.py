"""What holds for all tests: how Hypothesis searches."""

import hypothesis

# A test may wait for a disk or a busy machine: what limits it is the timeout of pytest, not one per example.
hypothesis.settings.register_profile("chatroom", deadline=None, print_blob=True)
hypothesis.settings.load_profile("chatroom")
