from fastapi.responses import JSONResponse


class AppError(Exception):
    pass


class NoSuchItem(AppError):
    pass


def no_such_item(request, error):
    return JSONResponse({"detail": "gone"}, status_code=400)


def install(app):
    for kind, handler in [(NoSuchItem, no_such_item)]:
        app.add_exception_handler(kind, handler)
