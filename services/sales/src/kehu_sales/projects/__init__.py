"""Delivery projects (项目): what was sold is delivered in stages, with a team and milestones."""
