"""What must hold while things break: servers that die, disks that run full, clocks that jump.

Each test breaks one thing on a platform of real processes while clients go on working, and a
checker (`checker.py`) judges what the clients were told against what the books hold afterwards.
What chance decides comes from one seed, which is printed and can be given (`chance.py`).
"""
