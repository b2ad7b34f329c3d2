"""A family as small as one can be: will a day of a table of daily counts have an event?"""
