"""The peer of `benchmarks tally`: equal shares by pabutools, on the election in a file.

The file has the budget, the costs, and a line of approved projects a voter. Prints the seconds of
processor time, then the winners.
"""

import sys
import time

from pabutools.election import ApprovalBallot, ApprovalProfile, Cost_Sat, Instance, Project
from pabutools.rules import method_of_equal_shares

with open(sys.argv[1]) as file:
    budget = int(file.readline())
    projects = [Project(f"p{i:03}", int(cost)) for i, cost in enumerate(file.readline().split())]
    instance = Instance(projects, budget_limit=budget)
    profile = ApprovalProfile(
        [ApprovalBallot(projects[int(i)] for i in line.split()) for line in file],
        instance=instance)

start = time.process_time()
winners = method_of_equal_shares(instance, profile, sat_class=Cost_Sat)
print(time.process_time() - start)
print(*sorted(int(project.name[1:]) for project in winners))
